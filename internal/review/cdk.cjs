// Runs the CDK's own command line once per stack, in one process: starting it takes longer than a diff.
// Reads [{stack, app, template}] from stdin and writes one JSON text per line.
const { exec } = require(process.argv.at(-1));
const jobs = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
const write = process.stdout.write.bind(process.stdout);

(async () => {
  for (const job of jobs) {
    let text = '';
    const keep = (chunk, encoding, done) => {
      text += chunk;
      const called = typeof encoding === 'function' ? encoding : done;
      if (called) called();
      return true;
    };
    process.stdout.write = keep;
    process.stderr.write = keep;
    let code;
    try {
      code = await exec(['diff', job.stack, '--exclusively', '--template', job.template, '--app', job.app, '--no-color', '--no-notices', '--ci']);
    } catch (error) {
      text += String(error.stack || error);
      code = 1;
    }
    write(JSON.stringify({ text, code: code || 0 }) + '\n');
  }
  // sockets of the command line's own may still be open
  write('', () => process.exit(0));
})();
