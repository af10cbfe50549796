// What the official conformance suite asks a server for, on the official SDK for TypeScript 2.x: sessions for clients up to
// 2025-11-25, none for 2026-07-28. Prints `listening on PORT`.

import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { localhostHostValidation, localhostOriginValidation, NodeStreamableHTTPServerTransport, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, inputRequired, ProtocolError, ResourceNotFoundError, Server } from '@modelcontextprotocol/server';

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
const SILENCE = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=';
const SECRET = randomBytes(32);

const text = value => ({ type: 'text', text: value });
const image = { type: 'image', data: PIXEL, mimeType: 'image/png' };
const said = (...content) => ({ content });
const form = (properties, message = 'Please answer') => ({ message, requestedSchema: { type: 'object', properties } });
const ask = (message, name, type = 'string') => ({
    method: 'elicitation/create',
    params: { mode: 'form', message, requestedSchema: { type: 'object', properties: { [name]: { type } }, required: [name] } }
});
const sample = (words, maxTokens) => ({
    method: 'sampling/createMessage',
    params: { messages: [{ role: 'user', content: text(words) }], maxTokens }
});
const roots = { method: 'roots/list', params: {} };

const sign = state => `${state}.${createHmac('sha256', SECRET).update(state).digest('base64url')}`;
function verified(context) {
    const accessor = context.mcpReq.requestState;
    const state = typeof accessor === 'function' ? accessor.call(context.mcpReq) : accessor;
    if (state === undefined) return undefined;
    const [value] = String(state).split('.');
    if (sign(value) !== state) throw new ProtocolError(-32602, 'requestState was changed');
    return value;
}

/** A tool that asks for `inputRequests` until all are answered, then says `done` with the answers. */
const rounds = (inputRequests, done, state) => (_given, context) => {
    const answers = context.mcpReq.inputResponses ?? {};
    const known = state ? verified(context) : undefined;
    const complete = Object.keys(inputRequests).every(key => key in answers) && (!state || known === state);
    return complete ? said(text(done(answers))) : inputRequired({ inputRequests, ...(state && { requestState: sign(state) }) });
};

const nothing = { type: 'object', properties: {} };
const tools = {
    test_simple_text: () => said(text('This is a simple text response for testing.')),
    test_image_content: () => said(image),
    test_audio_content: () => said({ type: 'audio', data: SILENCE, mimeType: 'audio/wav' }),
    test_embedded_resource: () =>
        said({ type: 'resource', resource: { uri: 'test://embedded-resource', mimeType: 'text/plain', text: 'This is an embedded resource content.' } }),
    test_multiple_content_types: () =>
        said(text('Multiple content types test:'), image, {
            type: 'resource',
            resource: { uri: 'test://mixed-content-resource', mimeType: 'application/json', text: '{"test":"data","value":123}' }
        }),
    test_error_handling: () => ({ ...said(text('This tool intentionally returns an error for testing')), isError: true }),
    async test_tool_with_logging(_given, context) {
        for (const [index, line] of ['Tool execution started', 'Tool processing data', 'Tool execution completed'].entries()) {
            if (index) await pause(50);
            await context.mcpReq.log('info', line);
        }
        return said(text('Logged.'));
    },
    async test_tool_with_progress(_given, context) {
        const progressToken = context.mcpReq._meta?.progressToken;
        for (const progress of [0, 50, 100]) {
            if (progress) await pause(50);
            if (progressToken !== undefined) {
                await context.mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } });
            }
        }
        return said(text('Progressed.'));
    },
    async test_sampling({ prompt }, context) {
        const answer = await context.mcpReq.requestSampling({ messages: [{ role: 'user', content: text(prompt) }], maxTokens: 100 });
        return said(text(`LLM response: ${answer.content.text}`));
    },
    async test_elicitation({ message }, context) {
        const answer = await context.mcpReq.elicitInput({
            ...form({ username: { type: 'string', description: "User's response" }, email: { type: 'string', description: "User's email address" } }, message)
        });
        return said(text(`User response: action=${answer.action}, content=${JSON.stringify(answer.content)}`));
    },
    async test_elicitation_sep1034_defaults(_given, context) {
        const answer = await context.mcpReq.elicitInput(
            form({
                name: { type: 'string', default: 'John Doe' },
                age: { type: 'integer', default: 30 },
                score: { type: 'number', default: 95.5 },
                status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
                verified: { type: 'boolean', default: true }
            })
        );
        return said(text(`Elicitation completed: action=${answer.action}, content=${JSON.stringify(answer.content)}`));
    },
    async test_elicitation_sep1330_enums(_given, context) {
        const plain = ['option1', 'option2', 'option3'];
        const titled = ['First', 'Second', 'Third'].map((title, index) => ({ const: `value${index + 1}`, title: `${title} Option` }));
        const answer = await context.mcpReq.elicitInput(
            form({
                untitledSingle: { type: 'string', enum: plain },
                titledSingle: { type: 'string', oneOf: titled },
                legacyEnum: { type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['Option One', 'Option Two', 'Option Three'] },
                untitledMulti: { type: 'array', items: { type: 'string', enum: plain } },
                titledMulti: { type: 'array', items: { anyOf: titled } }
            })
        );
        return said(text(`Elicitation completed: action=${answer.action}, content=${JSON.stringify(answer.content)}`));
    },
    test_missing_capability: rounds({ answer: sample('Say something', 10) }, () => 'Answered.'),
    test_input_required_result_elicitation: rounds({ user_name: ask('What is your name?', 'name') }, given => `Hello, ${given.user_name.content?.name}!`),
    test_input_required_result_sampling: rounds({ capital_question: sample('What is the capital of France?', 100) }, given => String(given.capital_question.content?.text)),
    test_input_required_result_list_roots: rounds({ client_roots: roots }, given => JSON.stringify(given.client_roots)),
    test_input_required_result_request_state: rounds({ confirm: ask('Please confirm', 'ok', 'boolean') }, () => 'state-ok', 'confirm'),
    test_input_required_result_tampered_state: rounds({ confirm: ask('Please confirm', 'ok', 'boolean') }, () => 'state-ok', 'tampered'),
    test_input_required_result_multiple_inputs: rounds(
        { user_name: ask('What is your name?', 'name'), greeting: sample('Generate a greeting', 50), client_roots: roots },
        given => JSON.stringify(given),
        'several'
    ),
    test_input_required_result_multi_round(_given, context) {
        const state = verified(context);
        const answers = context.mcpReq.inputResponses ?? {};
        if (state === 'two' && answers.step2) return said(text('Both steps are done.'));
        if (state === 'one' && answers.step1) {
            return inputRequired({ inputRequests: { step2: ask('Step 2: What is your favorite color?', 'color') }, requestState: sign('two') });
        }
        return inputRequired({ inputRequests: { step1: ask('Step 1: What is your name?', 'name') }, requestState: sign('one') });
    },
    test_input_required_result_capabilities(_given, context) {
        const able = context.mcpReq.envelope?.['io.modelcontextprotocol/clientCapabilities'] ?? {};
        const answers = context.mcpReq.inputResponses ?? {};
        const inputRequests = able.sampling ? { answer: sample('Say something', 10) } : { answer: ask('Say something', 'words') };
        return 'answer' in answers ? said(text('Answered.')) : inputRequired({ inputRequests });
    },
    test_custom_headers: given => said(text(JSON.stringify(given))),
    json_schema_2020_12_tool: given => said(text(JSON.stringify(given)))
};

const string = { type: 'string' };
const schemas = {
    test_sampling: { type: 'object', properties: { prompt: string }, required: ['prompt'] },
    test_elicitation: { type: 'object', properties: { message: string }, required: ['message'] },
    test_custom_headers: {
        type: 'object',
        properties: { region: { ...string, 'x-mcp-header': 'Region' }, count: { type: 'integer', 'x-mcp-header': 'Count' } },
        required: []
    },
    json_schema_2020_12_tool: {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        $defs: { address: { $anchor: 'addressDef', type: 'object', properties: { street: string, city: string } } },
        properties: { name: string, address: { $ref: '#/$defs/address' }, contactMethod: { type: 'string', enum: ['phone', 'email'] }, phone: string, email: string },
        allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
        if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
        then: { required: ['phone'] },
        else: { required: ['email'] },
        additionalProperties: false
    }
};

const resources = {
    'test://static-text': { mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
    'test://static-binary': { mimeType: 'image/png', blob: PIXEL },
    'test://watched-resource': { mimeType: 'text/plain', text: 'Watched resource content.' }
};

function read(uri) {
    const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
    if (id) return { mimeType: 'application/json', text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }) };
    if (!(uri in resources)) throw new ResourceNotFoundError(uri);
    return resources[uri];
}

const user = content => ({ role: 'user', content });
const argument = name => ({ name, description: `The ${name}`, required: true });
const prompts = {
    test_simple_prompt: { make: () => [user(text('This is a simple prompt for testing.'))] },
    test_prompt_with_arguments: {
        arguments: [argument('arg1'), argument('arg2')],
        make: given => [user(text(`Prompt with arguments: arg1='${given.arg1}', arg2='${given.arg2}'`))]
    },
    test_prompt_with_embedded_resource: {
        arguments: [argument('resourceUri')],
        make: given => [
            user({ type: 'resource', resource: { uri: given.resourceUri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' } }),
            user(text('Please process the embedded resource above.'))
        ]
    },
    test_prompt_with_image: { make: () => [user(image), user(text('Please analyze the image above.'))] },
    test_input_required_result_prompt: { asks: { user_context: ask('What context should the prompt use?', 'context') }, make: () => [user(text('With context.'))] }
};

function makeServer() {
    const capabilities = { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true }, prompts: { listChanged: true }, completions: {}, logging: {} };
    const server = new Server({ name: 'conformance', version: '1.0.0' }, { capabilities });
    const answers = {
        'tools/list': () => ({ tools: Object.keys(tools).map(name => ({ name, description: `The suite's ${name}`, inputSchema: schemas[name] ?? nothing })) }),
        'tools/call': ({ params }, context) => {
            if (!(params.name in tools)) throw new ProtocolError(-32602, `Unknown tool: ${params.name}`);
            return tools[params.name](params.arguments ?? {}, context);
        },
        'resources/list': () => ({ resources: Object.keys(resources).map(uri => ({ uri, name: uri.slice(7), description: `The suite's ${uri}`, mimeType: resources[uri].mimeType })) }),
        'resources/templates/list': () => ({
            resourceTemplates: [{ uriTemplate: 'test://template/{id}/data', name: 'template', description: "The suite's template", mimeType: 'application/json' }]
        }),
        'resources/read': ({ params }) => ({ contents: [{ uri: params.uri, ...read(params.uri) }] }),
        'resources/subscribe': () => ({}),
        'resources/unsubscribe': () => ({}),
        'prompts/list': () => ({ prompts: Object.entries(prompts).map(([name, prompt]) => ({ name, description: `The suite's ${name}`, arguments: prompt.arguments ?? [] })) }),
        'prompts/get': ({ params }, context) => {
            const prompt = prompts[params.name];
            if (!prompt) throw new ProtocolError(-32602, `Unknown prompt: ${params.name}`);
            if (prompt.asks && !context.mcpReq.inputResponses) return inputRequired({ inputRequests: prompt.asks });
            return { messages: prompt.make(params.arguments ?? {}) };
        },
        'completion/complete': () => ({ completion: { values: ['paris', 'park', 'party'], total: 3, hasMore: false } })
    };
    for (const [method, answer] of Object.entries(answers)) server.setRequestHandler(method, async (request, context) => answer(request, context));
    return server;
}

const stateless = toNodeHandler(createMcpHandler(makeServer));
const sessions = new Map();

/** Clients up to 2025-11-25: a server for each session. */
async function sessionful(request, response, body) {
    const known = sessions.get(request.headers['mcp-session-id']);
    if (known) return known.handleRequest(request, response, body);
    if (request.headers['mcp-session-id']) return response.writeHead(404).end();
    const transport = new NodeStreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: id => sessions.set(id, transport)
    });
    transport.onclose = () => sessions.delete(transport.sessionId);
    await makeServer().connect(transport);
    return transport.handleRequest(request, response, body);
}

/** What a mirrored header says: its base64 form decoded; undefined where that form is broken. */
function mirrored(value) {
    const text = value.trim();
    const encoded = /^=\?base64\?(.*)\?=$/.exec(text)?.[1];
    if (encoded === undefined) return text;
    const bytes = Buffer.from(encoded, 'base64');
    return bytes.toString('base64') === encoded ? bytes.toString() : undefined;
}

/** Whether the `Mcp-Param-*` headers of a tools/call say what its arguments say (MCP 2026-07-28, "Custom headers"). */
function mirrorsAgree(headers, { name, arguments: given = {} }) {
    const properties = Object.entries(schemas[name]?.properties ?? {}).filter(([, schema]) => schema['x-mcp-header']);
    return properties.every(([key, schema]) => {
        const sent = headers[`mcp-param-${schema['x-mcp-header'].toLowerCase()}`];
        if (given[key] === undefined || given[key] === null) return sent === undefined;
        const said = sent === undefined ? undefined : mirrored(sent);
        return said !== undefined && (typeof given[key] === 'number' ? Number(said) === given[key] : said === String(given[key]));
    });
}

const hostIsLocal = localhostHostValidation();
const originIsLocal = localhostOriginValidation();
const http = createServer(async (request, response) => {
    if (!hostIsLocal(request, response) || !originIsLocal(request, response)) return;
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    let body;
    try {
        body = JSON.parse(Buffer.concat(chunks).toString());
    } catch {
        body = undefined;
    }
    const legacy = request.headers['mcp-session-id'] || body?.method === 'initialize';
    if (!legacy && body?.method === 'tools/call' && body.params && !mirrorsAgree(request.headers, body.params)) {
        const error = { code: -32020, message: 'a header does not say what its argument says' };
        return response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id: body.id ?? null, error }));
    }
    try {
        await (legacy ? sessionful : stateless)(request, response, body);
    } catch (error) {
        console.error(error);
        if (!response.headersSent) response.writeHead(500).end();
    }
});
http.listen(0, '127.0.0.1', () => console.log(`listening on ${http.address().port}`));
