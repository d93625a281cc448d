/**
 * The page's files, read once at the start: types are stripped from the modules, so there is no build step, and the chart library
 * comes from the installed package. Nothing is fetched from outside.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';

interface PageFile {
  readonly body: string;
  readonly type: string;
  readonly etag: string;
}

/** Scripts, styles and connections of our own only; the page's icon is a data URI. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

const pageHeaders = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-cache',
} as const;

/** Pure modules of other packages that the page computes with, so that it computes as the pipeline does. */
const sharedModules = ['@tapeline/core/intervals', '@tapeline/core/derived-values', '@tapeline/stream-processing/fold/indicators'] as const;

const folder = fileURLToPath(new URL('./browser/', import.meta.url));

/** Adds `/` and the files that it loads to a server. */
export function addPage(server: FastifyInstance): void {
  for (const [path, file] of readPageFiles()) {
    server.get(path, { logLevel: 'warn' }, async (request, reply) => {
      reply.headers(pageHeaders).header('etag', file.etag);
      if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
      return reply.type(file.type).send(file.body);
    });
  }
}

function readPageFiles(): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.css')) files.set(`/assets/${name}`, pageFile(read(name), 'text/css; charset=utf-8'));
    if (name.endsWith('.ts'))
      files.set(`/assets/${name.slice(0, -3)}.js`, pageFile(moduleOf(read(name)), 'text/javascript; charset=utf-8'));
  }
  for (const name of sharedModules) {
    const source = readFileSync(fileURLToPath(import.meta.resolve(name)), 'utf8');
    files.set(`/assets/${servedAs(name)}`, pageFile(moduleOf(source), 'text/javascript; charset=utf-8'));
  }
  files.set('/assets/lightweight-charts.js', pageFile(readFileSync(chartLibrary(), 'utf8'), 'text/javascript; charset=utf-8'));
  files.set('/', pageFile(withPreloads(read('index.html'), [...files.keys()]), 'text/html; charset=utf-8'));
  return files;
}

/** The page with all its modules named, so that a browser asks for them at once and not as each import is met. */
function withPreloads(page: string, paths: readonly string[]): string {
  const modules = paths.filter(path => path.endsWith('.js')).map(path => `    <link rel="modulepreload" href="${path.slice(1)}">\n`);
  return page.replace('  </head>', `${modules.join('')}  </head>`);
}

/** A module without types, whose imports name what the server serves. */
function moduleOf(source: string): string {
  return compact(stripTypeScriptTypes(source, { mode: 'strip' }))
    .replaceAll(/ from '\.\/([\w-]+)\.ts';/g, " from './$1.js';")
    .replaceAll(/ from '(@tapeline\/[\w/-]+)';/g, (_, name: string) => ` from './${servedAs(name)}';`)
    .replaceAll(" from 'lightweight-charts';", " from './lightweight-charts.js';");
}

/**
 * Without comments, indentation and the room that types took: a third of a module. In the page's modules comments stand on lines of
 * their own, no text spans lines, and none has two spaces in a row.
 */
function compact(source: string): string {
  return source
    .replaceAll(/^\s*\/\*[\s\S]*?\*\/$/gm, '')
    .replaceAll(/^\s*\/\/.*$/gm, '')
    .replaceAll(/^\s+|[ \t]+$/gm, '')
    .replaceAll(/ {2,}/g, ' ');
}

/** The file name of a module of another package: the last part of its name. */
function servedAs(name: string): string {
  return `${name.slice(name.lastIndexOf('/') + 1)}.js`;
}

function chartLibrary(): string {
  const manifest = createRequire(import.meta.url).resolve('lightweight-charts/package.json');
  return join(dirname(manifest), 'dist', 'lightweight-charts.standalone.production.mjs');
}

function read(name: string): string {
  return readFileSync(join(folder, name), 'utf8');
}

function pageFile(body: string, type: string): PageFile {
  return { body, type, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}
