// Drives a server with the official SDK for TypeScript 1.x; see protocol.py.

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { serve } from './protocol.mjs';

const [url] = process.argv.slice(2);
const client = new Client({ name: 'toolgate-test', version: '1.0.0' });
const transport = new StreamableHTTPClientTransport(new URL(url));
await client.connect(transport);
await serve(client, transport.protocolVersion);
