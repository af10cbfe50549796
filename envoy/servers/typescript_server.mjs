// An MCP server made with the official SDK for TypeScript 2.x: the tools of tools.json, on /mcp, both eras of the protocol.
//
// Prints `listening on PORT`. `GET /calls` says which tools really ran, how often: {"claim_job": 3}.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, fromJsonSchema, McpServer } from '@modelcontextprotocol/server';

const tools = JSON.parse(readFileSync(new URL('tools.json', import.meta.url), 'utf8'));
const ran = {};

function makeServer() {
    const server = new McpServer({ name: 'jobs', version: '1.0.0' });
    for (const { name, description, inputSchema, annotations } of tools) {
        server.registerTool(name, { description, annotations, inputSchema: fromJsonSchema(inputSchema) }, async given => {
            ran[name] = (ran[name] ?? 0) + 1;
            const pairs = Object.keys(given).sort().map(key => `${key}=${JSON.stringify(given[key])}`);
            return { content: [{ type: 'text', text: `${name} ran (${pairs.join(', ')})` }] };
        });
    }
    return server;
}

const mcp = toNodeHandler(createMcpHandler(makeServer));
const http = createServer((request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    if (path === '/calls') {
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(ran));
    } else if (path === '/mcp') {
        mcp(request, response);
    } else {
        response.writeHead(404).end();
    }
});
http.listen(0, '127.0.0.1', () => console.log(`listening on ${http.address().port}`));
