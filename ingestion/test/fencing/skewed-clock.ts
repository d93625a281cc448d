/** Loaded before a program (`--import`): its wall clock is wrong by `TEST_CLOCK_SKEW_MS` for as long as it lives. */
const skewMs = Number(process.env.TEST_CLOCK_SKEW_MS ?? 0);
const { now } = Date;

Date.now = () => now() + skewMs;
