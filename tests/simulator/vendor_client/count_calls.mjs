// Counts a connection's active calls with the vendor's client: count_calls.mjs API_ADDRESS KEY CONNECTION_ID
import Telnyx from 'telnyx';

const [baseURL, apiKey, connectionId] = process.argv.slice(2);
const client = new Telnyx({ apiKey, baseURL, maxRetries: 0 });
const legs = [];
for await (const call of client.connections.listActiveCalls(connectionId, { page_size: 100 })) {
  legs.push(call.call_leg_id);
}
console.log(JSON.stringify({ rows: legs.length, legs: new Set(legs).size }));
