/** What the bench uses of the npm client of NATS. */
export interface NatsConnection {
  publish(subject: string, value: Uint8Array): void;
  subscribe(subject: string, options: { callback(error: Error | null, message: unknown): void }): unknown;
  /** Resolves when the server has taken in everything sent before. */
  flush(): Promise<void>;
  close(): Promise<void>;
  jetstream(): { publish(subject: string, value: Uint8Array, options: { timeout: number }): Promise<unknown> };
  jetstreamManager(options: { timeout: number }): Promise<{
    readonly streams: {
      add(stream: object): Promise<unknown>;
      info(name: string): Promise<{ readonly cluster?: NatsGroup }>;
    };
  }>;
}

/** Who holds a stream: its leader, and the others. */
export interface NatsGroup {
  readonly leader?: string;
  readonly replicas?: readonly unknown[];
}
