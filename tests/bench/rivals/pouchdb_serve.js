// A PouchDB server with no more than replication needs: node pouchdb_serve.js FOLDER
const express = require("express");
const PouchDB = require("pouchdb").defaults({ prefix: process.argv[2] + "/" });

const app = express();
app.use(require("express-pouchdb")(PouchDB, { mode: "minimumForPouchDB", inMemoryConfig: true, logPath: process.argv[2] + "/log" }));
const listener = app.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${listener.address().port}/` }));
});
process.on("SIGTERM", () => process.exit(0));
