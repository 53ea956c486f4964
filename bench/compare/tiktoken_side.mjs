// tiktoken's side of the tokenizer comparison (its Rust code as WebAssembly): how fast it encodes a text on one thread.
//
//     npm install tiktoken
//     node tiktoken_side.mjs tokenizer.model TEXT...
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';

// Found from the directory in which npm install ran.
const { Tiktoken } = createRequire(path.resolve('package.json'))('tiktoken');
const CHARACTERS = 1 << 20;
const MILLISECONDS = 3000;
const PATTERN = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
  + '| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

const [vocabulary, ...texts] = process.argv.slice(2);
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

for (const file of texts) {
  const text = fs.readFileSync(file, 'utf8').slice(0, CHARACTERS);
  measure(text);
  const seconds = measure(text);
  const ids = encoding.encode_ordinary(text);
  const hash = ids.reduce((sum, id) => (Math.imul(31, sum) + id) | 0, 1);
  console.log(`${file}: ${(Buffer.byteLength(text) / seconds / 1e6).toFixed(1)} MB/s, ${ids.length} ids, hash ${hash}`);
}
