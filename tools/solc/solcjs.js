// The part of solc's command line that py-solc-x uses, served by the npm package.
//   --version         print the version as solc does
//   --standard-json   read the compiler input from standard input, print its output
"use strict";
const fs = require("fs");
const path = require("path");

const root = path.resolve(__dirname, "../..");
const solc = require(path.join(root, "node_modules/solc"));

/** Answer an import that the input does not carry, from a file of the project. */
function readImport(name) {
  try {
    return { contents: fs.readFileSync(path.resolve(root, name), "utf8") };
  } catch (error) {
    return { error: String(error) };
  }
}

const options = process.argv.slice(2);
if (options.includes("--version")) {
  console.log("solc, the solidity compiler commandline interface");
  console.log(`Version: ${solc.version().replace(".Emscripten.clang", ".Linux.g++")}`);
} else if (options.includes("--standard-json")) {
  const input = fs.readFileSync(0, "utf8");
  process.stdout.write(solc.compile(input, { import: readImport }));
} else {
  console.error(`solcjs.js: not served: ${options.join(" ")}`);
  process.exit(1);
}
