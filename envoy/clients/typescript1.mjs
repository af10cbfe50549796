// Drives a server with the official SDK for TypeScript 1.x; see protocol.py. For 2024-11-05 it uses HTTP+SSE.

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { serve } from './protocol.mjs';

const [url, version] = process.argv.slice(2);
const client = new Client({ name: 'toolgate-test', version: '1.0.0' });
const legacy = version === '2024-11-05';
const transport = legacy ? new SSEClientTransport(new URL(url)) : new StreamableHTTPClientTransport(new URL(url));
await client.connect(transport);
await serve(client, legacy ? version : transport.protocolVersion);
