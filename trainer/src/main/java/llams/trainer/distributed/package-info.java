/// Several processes that train together. Read `Collective` first.
///
/// | file | what it does |
/// |---|---|
/// | `Collective`, `Alone` | what workers do together, and a run of one |
/// | `TreeCollective` | sums in a fixed order, made of messages |
/// | `Messages`, `Launcher`, `Launchers` | what a launcher's library gives, and how it is found |
/// | `WatchedMessages`, `Presence` | noticing that a worker or the network is gone |
package llams.trainer.distributed;
