/// Model files from a hub, by its HTTP interface:
///
/// ```
/// HubModel ── listing ──▶ Listing ── names chosen ──▶ HubFile (size, hash) ── bytes ──▶ IncomingFile ── verified ──▶ the file
///             pins the commit        HEAD for each                          resumed             DownloadRecord remembers
/// ```
///
/// Everything a hub says is checked before it is used, names above all. Whatever can be refused is refused before the
/// first byte of weights.
///
/// | file | what it does |
/// |---|---|
/// | [HubDownload], [HubVerification] | downloads a model; hashes it again later |
/// | [HubModel], [HubToken] | which model on which hub, and who asks |
/// | `HubClient`, `Http` | requests, retried, with redirects |
/// | `Listing`, `HubFile` | which files there are, and their sizes and hashes |
/// | `IncomingFile`, `DownloadRecord` | a file on its way in; what is already present |
/// | `HubException`, `HubRefusal` | failures that are not retried, and what would help |
/// | [DownloadListener] | receives the progress |
package llams.model.hub;
