// Opens the page of a scan, uses it as a person does, and prints what came of it as one JSON object.
//
//     node page.mjs CHROMIUM PAGE SCREENSHOT

import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [executablePath, file, screenshot] = process.argv.slice(2);
const quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath, args: quiet });
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
  const problems = [];
  const requests = [];
  page.on("console", (message) => problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  const count = () => page.locator("#count").textContent();
  const cards = () => page.locator(".card").count();
  const seen = { title: await page.title(), first: await count(), cards: await cards() };
  await page.screenshot({ path: screenshot });
  await page.click("#more button");
  seen.more = await cards();
  await page.fill("#search", "delete_item_7 ");
  seen.search = await count();
  await page.fill("#search", "");
  await page.click("#risk .bar.Critical");
  seen.critical = await count();
  await page.click("#clear");
  await page.selectOption("#signal", "instructions");
  seen.poisoned = await page.locator(".card").first().innerText();
  seen.elements = await page.evaluate(() => document.querySelectorAll("img, iframe, object, embed, link, base, form").length);
  seen.scripts = await page.locator("script").count();
  console.log(JSON.stringify({ ...seen, problems, requests }));
} finally {
  await browser.close();
}
