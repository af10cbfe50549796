// Drives a server with the official SDK for TypeScript 2.x, in either era; see protocol.py.

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { answer, serve } from './protocol.mjs';

const [url, version, elicit] = process.argv.slice(2);
const mode = version < '2026' ? 'legacy' : { pin: version };
const client = new Client({ name: 'toolgate-test', version: '1.0.0' }, {
    versionNegotiation: { mode },
    capabilities: elicit ? { elicitation: { form: {} } } : {}
});
if (elicit) client.setRequestHandler('elicitation/create', request => answer(request.params));
await client.connect(new StreamableHTTPClientTransport(new URL(url)));
await serve(client, client.getNegotiatedProtocolVersion());
