// An agent of AG-UI: sends a question, answers a tool of the browser, and answers interrupts.
import { HttpAgent } from "@ag-ui/client";
import { EventSchemas } from "@ag-ui/core/schemas";

const [url, approved, question] = process.argv.slice(2);
const agent = new HttpAgent({ url, threadId: "thread-1" });
agent.messages = [{ id: "u", role: "user", content: [
  { type: "text", text: question },
  { type: "document", source: { type: "data", value: "SGk=", mimeType: "text/plain" } },
] }];
const tools = [{ name: "location", description: "Where the user is", parameters: { type: "object", properties: {} } }];
const types = [];
const outcomes = [];
let failure = null;
let finished = null;
const subscriber = {
  onEvent: ({ event }) => {
    EventSchemas.parse(event);
    types.push(event.type);
    if (event.type === "RUN_FINISHED") finished = event.outcome;
    if (event.type === "RUN_ERROR") failure = event.message;
  },
};
let resume;
for (let round = 0; round < 5; round++) {
  finished = null;
  await agent.runAgent({ runId: `run-${round}`, tools, ...(resume && { resume }) }, subscriber).catch((error) => {
    failure ??= String(error);
  });
  resume = undefined;
  outcomes.push(finished?.type ?? "error");
  if (finished?.type === "interrupt") {
    const payload = { approved: approved === "yes", reason: "not now" };
    resume = finished.interrupts.map((one) => ({ interruptId: one.id, status: "resolved", payload }));
  } else if (finished?.pendingToolCallIds?.length) {
    for (const toolCallId of finished.pendingToolCallIds) {
      agent.messages.push({ id: `r-${toolCallId}`, role: "tool", toolCallId, content: '{"city":"Rome"}' });
    }
  } else break;
}
console.log(JSON.stringify({ messages: agent.messages, state: agent.state, types, outcomes, failure }));
process.exit(0);
