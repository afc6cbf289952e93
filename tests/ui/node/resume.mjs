// A page that is loaded again while an answer arrives: a new chat resumes the stream, or stops it.
import { Chat } from "@ai-sdk/react";
import { DefaultChatTransport } from "ai";

const [api, what, question] = process.argv.slice(2);
const wait = () => new Promise((resolve) => setTimeout(resolve, 5));
const textOf = (chat) => chat.messages.filter((one) => one.role === "assistant").flatMap((one) => one.parts)
  .filter((part) => part.type === "text").map((part) => part.text).join("");
const transport = () => new DefaultChatTransport({ api });

const first = new Chat({ id: "chat-1", transport: transport() });
first.sendMessage({ text: question });
while (!textOf(first)) await wait();
await first.stop(); // the page is closed
const before = textOf(first);

const again = new Chat({ id: "chat-1", transport: transport(), messages: first.messages.slice(0, 1) });
again.resumeStream();
while (!textOf(again)) await wait();
if (what === "stop") await fetch(`${api}/chat-1/stream`, { method: "DELETE" });
else await fetch(`${api}/chat-1/go`, { method: "POST" });
while (again.status === "submitted" || again.status === "streaming") await wait();
const none = await fetch(`${api}/chat-1/stream`);
console.log(JSON.stringify({ before, text: textOf(again), status: again.status, count: again.messages.length, none: none.status }));
process.exit(0);
