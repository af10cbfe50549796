// The line protocol of protocol.py, for the clients made with the SDKs for TypeScript.

import { createInterface } from 'node:readline';

const reply = answer => console.log(JSON.stringify(answer));

/** Who is asked. */
export const user = { action: 'cancel', asked: [] };

/** An ElicitResult. */
export function answer({ message, requestedSchema }) {
    user.asked.push(message);
    if (user.action !== 'accept') return { action: user.action };
    return { action: 'accept', content: 'account' in (requestedSchema?.properties ?? {}) ? { account: 'a-1' } : {} };
}

/** Answers requests until there are no more, then closes the client. */
export async function serve(client, version) {
    reply({ connected: version });
    for await (const line of createInterface({ input: process.stdin })) {
        const request = JSON.parse(line);
        try {
            if ('call' in request) {
                [user.action, user.asked] = [request.user ?? 'cancel', []];
                const result = await client.callTool({ name: request.call, arguments: request.arguments ?? {} });
                reply({
                    is_error: Boolean(result.isError),
                    text: (result.content ?? []).filter(part => part.type === 'text').map(part => part.text),
                    meta: result._meta ?? {},
                    ...('user' in request && { asked: user.asked })
                });
            } else {
                reply({ tools: (await client.listTools()).tools.map(tool => tool.name) });
            }
        } catch (error) {
            reply({ code: typeof error.code === 'number' ? error.code : null, message: error.message });
        }
    }
    await client.close();
}
