// Reads, searches and pages with fhir-kit-client, and prints what it saw as JSON.
// node drive.mjs BASE_URL ACCESS_TOKEN PATIENT_ID
import { Client } from 'fhir-kit-client';

const [baseUrl, token, patient] = process.argv.slice(2);
const client = new Client({ baseUrl, bearerToken: token });

const statement = await client.capabilityStatement();
const read = await client.read({ resourceType: 'Patient', id: patient });
const found = await client.search({ resourceType: 'Observation', searchParams: { patient, _count: 10 } });
const posted = await client.search({
  resourceType: 'Observation', searchParams: { patient, _count: 10 }, options: { postSearch: true },
});
const ids = found.entry.map((one) => one.resource.id);
let pages = 1;
for (let page = await client.nextPage({ bundle: found }); page; page = await client.nextPage({ bundle: page })) {
  pages += 1;
  ids.push(...(page.entry ?? []).map((one) => one.resource.id));
}
const versions = await client.history({ resourceType: 'Patient', id: patient });
let refused = null;
try {
  await client.search({ resourceType: 'Observation', searchParams: { colour: 'red' } });
} catch (error) {
  refused = { status: error.response.status, type: error.response.data.resourceType };
}
console.log(JSON.stringify({
  fhir: statement.fhirVersion, read: read.id, first: found.entry.length, posted: posted.entry.length,
  pages, ids, versions: versions.entry.length, refused,
}));
