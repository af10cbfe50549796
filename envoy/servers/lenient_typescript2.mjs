// The official SDK for TypeScript 2.x, in both eras of the protocol, on every path.
//
// It runs any tool that it is asked for. Prints `listening on PORT`; `GET /calls` says what ran, how often.

import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, Server } from '@modelcontextprotocol/server';
import { listen, run, tools } from './lenient.mjs';

function makeServer() {
    const server = new Server({ name: 'lenient', version: '1.0.0' }, { capabilities: { tools: {} } });
    server.setRequestHandler('tools/list', async () => ({ tools }));
    server.setRequestHandler('tools/call', async request => run(request.params));
    return server;
}

listen(toNodeHandler(createMcpHandler(makeServer)));
