/// Model files from a hub, by its HTTP interface:
///
/// ```
/// HubModel ── listing ──▶ Listing ── names chosen ──▶ HubFile (size, hash) ── bytes ──▶ IncomingFile ── verified ──▶ the file
///             pins the commit        HEAD for each                          resumed             DownloadRecord remembers
/// ```
///
/// Everything that a hub says is checked before it is used, names above all. All that can be refused is refused before
/// the first byte of weights.
///
/// | file | what it does |
/// |---|---|
/// | [HubDownload], [HubVerification] | downloads a model; hashes it again later |
/// | [HubModel], [HubToken] | which model on which hub, and who asks |
/// | `HubClient`, `Http` | requests, retried, with redirects |
/// | `Listing`, `HubFile` | which files there are, and their sizes and hashes |
/// | `IncomingFile`, `DownloadRecord` | a file on its way in; what is here already |
/// | `HubException`, `HubRefusal` | what another attempt would not change, and what would help |
/// | [DownloadListener] | hears how far it is |
package llams.model.hub;
