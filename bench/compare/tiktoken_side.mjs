// One measurement of tiktoken's Rust code as WebAssembly, for machines without tiktoken's Python package: the seconds to encode
// a text once, on one thread, as a JSON line, as tokenizer_side.py prints it.
//
//     npm install tiktoken
//     node tiktoken_side.mjs tokenizer.model TEXT
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';

// Found from the directory in which npm install ran.
const { Tiktoken } = createRequire(path.resolve('package.json'))('tiktoken');
const CHARACTERS = 1 << 20;
const MILLISECONDS = 3000;
const PATTERN = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
  + '| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

const [vocabulary, file] = process.argv.slice(2);
// The package's own form of a vocabulary: the first rank of a line, then its tokens.
const tokens = fs.readFileSync(vocabulary, 'utf8').trim().split('\n').map((line) => line.split(' ')[0]);
const encoding = new Tiktoken(`! 0 ${tokens.join(' ')}`, {}, PATTERN);

function measure(text) {
  const begin = performance.now();
  let calls = 0;
  while (performance.now() - begin < MILLISECONDS) {
    encoding.encode_ordinary(text);
    calls++;
  }
  return (performance.now() - begin) / 1000 / calls;
}

const text = fs.readFileSync(file, 'utf8').slice(0, CHARACTERS);
measure(text);
const seconds = measure(text);
const ids = encoding.encode_ordinary(text).length;
console.log(JSON.stringify({ seconds, ids, peakMiB: process.resourceUsage().maxRSS / 1024 }));
