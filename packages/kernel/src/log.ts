import { destination, type Logger as PinoLogger, pino } from 'pino'

export type Logger = PinoLogger

/**
 * JSON lines on standard output. debug: nothing to do; info: routine work; warn: something was wrong; error: we
 * failed. Bodies, tokens and user data are never logged; the redaction is the last net, not the rule.
 */
export const createLogger = (service: string, level = 'info'): Logger =>
  pino(
    {
      level,
      base: { service, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      redact: {
        paths: [
          '*.password',
          '*.secret',
          '*.token',
          'headers["x-auth-token"]',
          'headers["x-service-token"]',
          'headers["x-subject-token"]',
        ],
        censor: '***',
      },
    },
    destination({ dest: 1, sync: false, minLength: 0 }),
  )

/** For tests that do not look at logs. */
export const silentLogger: Logger = pino({ level: 'silent' })
