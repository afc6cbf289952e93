// A page with the real useChat: text, tools, approval, stop, and the stream of an earlier page.
import { useChat } from "@ai-sdk/react";
import { DefaultChatTransport, lastAssistantMessageIsCompleteWithApprovalResponses } from "ai";
import { createElement as h, useState } from "react";
import { createRoot } from "react-dom/client";

const ID = "chat-1";

function Part({ part, decide }) {
  if (part.type === "text") return h("div", { className: "text" }, part.text);
  if (!part.type.startsWith("tool-")) return null;
  const asks = part.state === "approval-requested";
  return h("div", { className: "tool", "data-state": part.state },
    `${part.type.slice(5)} ${JSON.stringify(part.input ?? {})}`,
    part.output !== undefined && h("div", {}, `→ ${JSON.stringify(part.output)}`),
    asks && h("button", { onClick: () => decide(part, true) }, "Allow"),
    asks && h("button", { onClick: () => decide(part, false) }, "Decline"));
}

function Page({ stored }) {
  const [input, setInput] = useState("");
  const { messages, sendMessage, status, error, addToolApprovalResponse } = useChat({
    id: ID,
    messages: stored,
    resume: true,
    transport: new DefaultChatTransport({ api: "/api/chat" }),
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
  });
  const decide = (part, approved) => addToolApprovalResponse({ id: part.approval.id, approved });
  const submit = (event) => {
    event.preventDefault();
    sendMessage({ text: input });
    setInput("");
  };
  const stop = () => fetch(`/api/chat/${ID}/stream`, { method: "DELETE" });
  const busy = status === "submitted" || status === "streaming";
  return h("main", { "data-status": status },
    messages.map((message) => h("div", { key: message.id, className: `message ${message.role}` },
      message.parts.map((part, index) => h(Part, { key: index, part, decide })))),
    error && h("p", { className: "error" }, error.message),
    h("form", { onSubmit: submit },
      h("input", { value: input, onChange: (event) => setInput(event.target.value), placeholder: "Your message" }),
      h("button", { disabled: busy }, "Send"),
      busy && h("button", { type: "button", onClick: stop }, "Stop")));
}

const stored = await (await fetch(`/api/chat/${ID}`)).json();
createRoot(document.getElementById("root")).render(h(Page, { stored }));
