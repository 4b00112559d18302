// Saves records in a local database and replicates it: node pouchdb_push.js FOLDER URL RECORDS BATCH
const fs = require("fs");
const PouchDB = require("pouchdb");

const [folder, url, records, batch] = process.argv.slice(2);

async function main() {
  const sheets = JSON.parse(fs.readFileSync(records, "utf8")).map(({ id, ...fields }) => ({ _id: id, ...fields }));
  const local = new PouchDB(folder + "/station");
  const remote = new PouchDB(url + "county");
  await remote.info();
  const begin = process.hrtime.bigint();
  for (let start = 0; start < sheets.length; start += 1000) {
    await local.bulkDocs(sheets.slice(start, start + 1000));
  }
  const saved = process.hrtime.bigint();
  const used = process.cpuUsage();
  const done = await local.replicate.to(remote, { batch_size: Number(batch) });
  const pushed = process.hrtime.bigint();
  const { user, system } = process.cpuUsage(used);
  if (!done.ok || done.docs_written !== sheets.length) {
    throw new Error(JSON.stringify(done));
  }
  console.log(JSON.stringify({
    save_seconds: Number(saved - begin) / 1e9,
    push_seconds: Number(pushed - saved) / 1e9,
    processor_seconds: (user + system) / 1e6,
    there: (await remote.info()).doc_count,
  }));
  process.exit(0);
}

main();
