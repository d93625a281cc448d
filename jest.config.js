/** Jest runs the TypeScript sources as native ES modules; swc only strips the types. What it made of them is kept with the other caches. */
export default {
  testEnvironment: '<rootDir>/test/support/environment.ts',
  testSequencer: '<rootDir>/test/support/longest-first.js',
  cacheDirectory: '<rootDir>/.tapeline/jest',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } }],
  },
  testMatch: ['<rootDir>/*/test/**/*.test.ts', '<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/.tapeline'],
  // Longer than the tests wait for anything (test/support/eventually.ts), so that they fail in words.
  testTimeout: 40_000,
};
