// Runs all checks. Those of files go one after the other; the balancers wait much, so they run side by side.

import { Report } from '../sdk/harness/report.mjs';
import { Checks } from './harness/checks.mjs';
import { certificate } from './harness/proxy.mjs';
import balancer from './checks/balancer.mjs';
import clients from './checks/clients.mjs';
import compose from './checks/compose.mjs';
import image from './checks/image.mjs';
import kubernetes from './checks/kubernetes.mjs';
import prometheus from './checks/prometheus.mjs';
import redis from './checks/redis.mjs';
import systemd from './checks/systemd.mjs';

// A test that is told to end must not leave servers and devices behind: their 'exit' handlers end them.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const report = new Report();
/** What `/metrics` of the gateways said after the clients were done. */
const scrapes = [];

const part = (name, body) => new Checks(name, report).run(body);

await part('image', image);
await part('compose', compose);
await part('kubernetes', kubernetes);
await part('systemd', systemd);
await part('redis', redis);
const tls = await certificate();
// The devices are processes of their own, and Node reads this when it starts.
process.env.NODE_EXTRA_CA_CERTS = tls.cert;
await Promise.all(['nginx', 'haproxy'].flatMap((kind) => [
  part(`${kind} before pretended gateways`, (t) => balancer(t, kind, tls)),
  part(`${kind} before gateways`, (t) => clients(t, kind, tls, scrapes)),
]));
await part('prometheus', (t) => prometheus(t, scrapes));
process.exit(report.close());
