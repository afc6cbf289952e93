// A chat of the AI SDK as useChat has it: sends a question, answers a tool of the browser, approves another tool.
import { Chat } from "@ai-sdk/react";
import {
  DefaultChatTransport,
  lastAssistantMessageIsCompleteWithApprovalResponses,
  lastAssistantMessageIsCompleteWithToolCalls,
  validateUIMessages,
} from "ai";

const [api, approved, question] = process.argv.slice(2);
const errors = [];
const states = [];
const chat = new Chat({
  transport: new DefaultChatTransport({ api }),
  sendAutomaticallyWhen: (given) =>
    lastAssistantMessageIsCompleteWithApprovalResponses(given) || lastAssistantMessageIsCompleteWithToolCalls(given),
  onError: (error) => errors.push(error.message),
  onToolCall: ({ toolCall }) => {
    if (toolCall.toolName === "location") {
      chat.addToolOutput({ tool: "location", toolCallId: toolCall.toolCallId, output: { city: "Rome" } });
    }
  },
});

const idle = async () => {
  await new Promise((resolve) => setTimeout(resolve, 0));
  while (chat.status === "submitted" || chat.status === "streaming") {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

const files = [{ type: "file", mediaType: "text/plain", filename: "a.txt", url: "data:text/plain;base64,SGk=" }];
await chat.sendMessage({ text: question, files });
for (let round = 0; round < 5; round++) {
  await idle();
  states.push(chat.messages.at(-1).parts.map((part) => part.state ?? part.type));
  const part = chat.messages.at(-1).parts.find((one) => one.state === "approval-requested");
  if (!part) break;
  await chat.addToolApprovalResponse({ id: part.approval.id, approved: approved === "yes", reason: "not now" });
}
if (chat.messages.at(-1).role === "assistant") await validateUIMessages({ messages: chat.messages });
console.log(JSON.stringify({ messages: chat.messages, errors, status: chat.status, states }));
