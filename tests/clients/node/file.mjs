// Files and changes a document with fhir-kit-client, asks both operations, and prints what it saw as JSON.
// node file.mjs BASE_URL ACCESS_TOKEN DOCUMENT_REFERENCE
import { Client } from 'fhir-kit-client';

const [baseUrl, token, given] = process.argv.slice(2);
const client = new Client({ baseUrl, bearerToken: token });
const resourceType = 'DocumentReference';
const body = JSON.parse(given);
const patient = body.subject.reference.split('/')[1];

const refusal = async (work) => {
  try {
    await work();
    return null;
  } catch (error) {
    return { status: error.response.status, type: error.response.data.resourceType };
  }
};

const created = await client.create({ resourceType, body });
const change = (version) => client.update({
  resourceType, id: created.id, body: { ...created, description: 'signed' },
  options: { headers: { 'If-Match': `W/"${version}"` } },
});
const updated = await change(1);
const lost = await refusal(() => change(1));
const nobody = { ...body, subject: { reference: 'Patient/nobody-has-this-id' } };
const refused = await refusal(() => client.create({ resourceType, body: nobody }));
const everything = await client.operation({ name: 'everything', resourceType: 'Patient', id: patient, method: 'GET' });
const documents = await client.operation({
  name: 'docref', resourceType,
  input: { resourceType: 'Parameters', parameter: [{ name: 'patient', valueId: patient }] },
});
console.log(JSON.stringify({
  created: created.meta.versionId, updated: updated.meta.versionId, description: updated.description, lost, refused,
  everything: everything.entry.length, documents: documents.entry.length,
}));
