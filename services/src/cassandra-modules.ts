/**
 * This file lists the parts of the JDK that Cassandra reaches into, which Java 17 keeps shut unless its command line says otherwise.
 */

/** The same list as Cassandra's own conf/jvm17-server.options. */
export const cassandraModuleFlags: readonly string[] = [
  ...['jdk.internal.misc', 'java.lang.ref', 'sun.nio.ch', 'jdk.internal.perf'].map(name => exported(`java.base/${name}`)),
  exported('java.management.rmi/com.sun.jmx.remote.internal.rmi'),
  exported('java.management/com.sun.jmx.remote.security'),
  exported('java.rmi/sun.rmi.registry'),
  exported('java.rmi/sun.rmi.server'),
  exported('java.sql/java.sql'),
  ...['java.lang', 'java.lang.module', 'java.io', 'java.nio', 'java.util', 'java.util.concurrent'].map(name => opened(`java.base/${name}`)),
  ...['java.util.concurrent.atomic', 'sun.nio.ch'].map(name => opened(`java.base/${name}`)),
  ...['loader', 'ref', 'reflect', 'math', 'module', 'util.jar'].map(name => opened(`java.base/jdk.internal.${name}`)),
  opened('jdk.management/com.sun.management.internal'),
];

function exported(name: string): string {
  return `--add-exports=${name}=ALL-UNNAMED`;
}

function opened(name: string): string {
  return `--add-opens=${name}=ALL-UNNAMED`;
}
