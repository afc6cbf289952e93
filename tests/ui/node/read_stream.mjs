// Reads a UI message stream from standard input with the AI SDK 5 and 6, and prints the message that each of them built.
import { readFileSync } from "node:fs";

const lines = readFileSync(0, "utf8").split("\n\n").filter((line) => line.startsWith("data: {"));
const chunks = lines.map((line) => JSON.parse(line.slice(6)));
const built = {};
for (const name of ["ai", "ai5"]) {
  const { readUIMessageStream, uiMessageChunkSchema } = await import(name);
  const schema = typeof uiMessageChunkSchema === "function" ? uiMessageChunkSchema() : uiMessageChunkSchema;
  for (const chunk of chunks) {
    const checked = await schema.validate(chunk);
    if (!checked.success) throw new Error(`${name}: ${JSON.stringify(chunk)}: ${checked.error}`);
  }
  const stream = new ReadableStream({
    start(controller) {
      chunks.forEach((chunk) => controller.enqueue(structuredClone(chunk)));
      controller.close();
    },
  });
  for await (const message of readUIMessageStream({ stream })) built[name] = message;
}
console.log(JSON.stringify(built));
