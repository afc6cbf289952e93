// Uses the React page in Chromium: reloads it while an answer arrives, approves a tool, and stops an answer.
import { chromium } from "playwright-core";

const [url, executablePath, screenshot] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 900, height: 700 } });
page.setDefaultTimeout(60_000);
const failures = [];
page.on("pageerror", (error) => failures.push(String(error)));
const ask = async (text) => {
  await page.fill("input", text);
  await page.click("button:has-text('Send')");
};
const shows = (text) => page.waitForSelector(`.assistant:has-text("${text}")`);
const ready = () => page.waitForSelector('main[data-status="ready"]');

await page.goto(url);
await ask("Tell me a story");
await shows("Once upon");
await page.reload();
await shows("Once upon");
await page.request.post(`${url}/api/chat/chat-1/go`);
await shows("Once upon a time.");
await ready();
const afterReload = await page.locator(".message").allInnerTexts();

await ask("Delete the note");
await page.click("button:has-text('Allow')");
await shows("It is deleted.");
await ready();
const tool = await page.locator(".tool").innerText();
if (screenshot) await page.screenshot({ path: screenshot });

await ask("Tell me a story again");
await shows("Once upon");
await page.waitForSelector("button:has-text('Stop')");
await page.click("button:has-text('Stop')");
await ready();
const stopped = await page.locator(".message").last().innerText();
await browser.close();
console.log(JSON.stringify({ afterReload, tool, stopped, failures }));
