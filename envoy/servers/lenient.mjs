// What the lenient TypeScript servers share: four tools that run whatever they are asked, and the count of what ran.

import { createServer } from 'node:http';

const ran = {};

export const tools = ['open_tool', 'other_tool', 'pay', 'secret_tool'].map(name => ({ name, inputSchema: { type: 'object' } }));

/** Runs any tool of any name; a payment above 100, as this server reads the amount, counts under a name of its own. */
export function run({ name, arguments: given }) {
    const counted = name === 'pay' && Number(given?.amount) > 100 ? 'pay_too_much' : name;
    ran[counted] = (ran[counted] ?? 0) + 1;
    return { content: [{ type: 'text', text: `${counted} ran` }] };
}

/** Serves `handle` on a port that the system chooses, and the count on GET /calls. */
export function listen(handle) {
    const http = createServer((request, response) => {
        if (request.url === '/calls') {
            response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(ran));
        } else {
            handle(request, response);
        }
    });
    http.listen(0, '127.0.0.1', () => console.log(`listening on ${http.address().port}`));
}
