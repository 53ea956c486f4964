/// Model files from a hub and to it, by its HTTP interface. A download:
///
/// ```
/// HubModel ── listing ──▶ Listing ── names chosen ──▶ HubFile (size, hash) ── bytes ──▶ IncomingFile ── verified ──▶ the file
///             pins the commit        HEAD for each                          resumed             DownloadRecord remembers
/// ```
///
/// An upload goes the other way: hashes are computed first, the hub says what it lacks, large files go to its store, and
/// one commit has all of them.
///
/// Everything a hub says is checked before it is used, names above all. Whatever can be refused is refused before the
/// first byte of weights.
///
/// | file | what it does |
/// |---|---|
/// | [HubDownload], [HubVerification] | downloads a model; hashes it again later |
/// | [HubUpload], [UploadFile] | uploads a model or an adapter; its files |
/// | [HubModel], [HubToken] | which model on which hub, and who asks |
/// | `HubClient`, `Http`, `Retry` | requests, with redirects, retried |
/// | `UploadClient`, `Outgoing` | requests that change a model; what they send |
/// | `LargeFile` | a file on its way to the store, in parts |
/// | `Listing`, `HubFile` | which files there are, and their sizes and hashes |
/// | `IncomingFile`, `DownloadRecord` | a file on its way in; what is already present |
/// | `HubException`, `HubRefusal` | failures that are not retried, and what would help |
/// | [TransferListener] | receives the progress |
package llams.model.hub;
