// An agent of AG-UI that connects to a run that another one started.
import { HttpAgent, runHttpRequest, transformHttpEventStream } from "@ag-ui/client";

const [url, question] = process.argv.slice(2);

class ResumingAgent extends HttpAgent {
  connect(input) {
    return transformHttpEventStream(runHttpRequest(() => fetch(`${this.url}/${input.threadId}/stream`)));
  }
}

const textOf = (agent) => agent.messages.filter((one) => one.role === "assistant").map((one) => one.content ?? "").join("");
const first = new ResumingAgent({ url, threadId: "thread-1" });
first.messages = [{ id: "u", role: "user", content: question }];
first.runAgent({ runId: "run-1" }).catch(() => {});
while (!textOf(first)) await new Promise((resolve) => setTimeout(resolve, 5));
first.abortRun(); // the page is closed
const before = textOf(first);

const again = new ResumingAgent({ url, threadId: "thread-1" });
again.messages = [{ id: "u", role: "user", content: question }];
const types = [];
const connected = again.connectAgent({}, { onEvent: ({ event }) => types.push(event.type) });
while (!textOf(again)) await new Promise((resolve) => setTimeout(resolve, 5));
await fetch(`${url}/thread-1/go`, { method: "POST" });
await connected;
console.log(JSON.stringify({ before, text: textOf(again), types }));
process.exit(0);
