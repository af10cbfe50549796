// The official SDK for TypeScript 1.x as its users deploy it: behind Express, stateless, and with the HTTP+SSE transport of 2024.
//
// It runs any tool that it is asked for. Prints `listening on PORT`; `GET /calls` says what ran, how often.

import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { listen, run, tools } from './lenient.mjs';

function makeServer() {
    const server = new Server({ name: 'lenient', version: '1.0.0' }, { capabilities: { tools: {} } });
    server.setRequestHandler(ListToolsRequestSchema, async () => ({ tools }));
    server.setRequestHandler(CallToolRequestSchema, async request => run(request.params));
    return server;
}

const app = createMcpExpressApp();
const streams = new Map();

app.get('/sse', async (_request, response) => {
    const transport = new SSEServerTransport('/messages', response);
    streams.set(transport.sessionId, transport);
    response.on('close', () => streams.delete(transport.sessionId));
    await makeServer().connect(transport);
});

app.post('/messages', async (request, response) => {
    const transport = streams.get(request.query.sessionId);
    await (transport ? transport.handlePostMessage(request, response, request.body) : response.status(404).end());
});

app.all('/*path', async (request, response) => {
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
    response.on('close', () => transport.close());
    await makeServer().connect(transport);
    await transport.handleRequest(request, response, request.body);
});

listen(app);
