// Uploads with tus-js-client: node tus_client.mjs FOLDER, where FOLDER has node_modules and
// plan.json: the address, a file and tokens, one a request. It prints what it saw as JSON.
import { createRequire } from 'node:module'
import fs from 'node:fs'
import path from 'node:path'

const folder = process.argv[2]
const tus = createRequire(path.join(folder, 'x.js'))('tus-js-client')
const plan = JSON.parse(fs.readFileSync(path.join(folder, 'plan.json'), 'utf8'))
const requests = []

const common = {
  endpoint: plan.endpoint,
  retryDelays: null,
  urlStorage: new tus.FileUrlStorage(path.join(folder, 'urls.json')),
  fingerprint: async () => plan.file,
  uploadSize: plan.size,
  onBeforeRequest (req) {
    req.setHeader('Authorization', 'Bearer ' + plan.tokens.pop())
    requests.push(req.getMethod() + ' ' + (req.getHeader('Upload-Offset') ?? ''))
  },
}

const file = () => fs.createReadStream(plan.file)

// run uploads; after stopAt bytes it breaks off, as a browser that is closed.
function run (options, stopAt) {
  return new Promise((resolve, reject) => {
    const upload = new tus.Upload(file(), {
      ...common,
      ...options,
      onError: reject,
      onSuccess: () => resolve(upload.url),
      onChunkComplete (_, accepted) {
        if (stopAt && accepted >= stopAt) {
          upload.abort().then(() => resolve(upload.url), reject)
        }
      },
    })
    upload.findPreviousUploads().then((found) => {
      if (found.length > 0) upload.resumeFromPreviousUpload(found[0])
      upload.start()
    }, reject)
  })
}

const out = {}
out.stopped = await run({ chunkSize: plan.piece }, plan.piece)
out.resumed = await run({ chunkSize: plan.piece })
out.requests = requests.splice(0)

fs.rmSync(path.join(folder, 'urls.json'), { force: true })
out.atOnce = await run({ chunkSize: Infinity, uploadDataDuringCreation: true })
out.atOnceRequests = requests.splice(0)

fs.rmSync(path.join(folder, 'urls.json'), { force: true })
out.canceled = await run({ chunkSize: plan.piece }, plan.piece)
await tus.Upload.terminate(out.canceled, common)

out.refused = await new Promise((resolve, reject) => {
  new tus.Upload(file(), { ...common, uploadSize: plan.tooLarge, onSuccess: reject, onError: (e) => resolve(e.originalResponse.getBody()) }).start()
})
console.log(JSON.stringify(out))
