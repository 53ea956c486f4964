/// Model files from a hub, by its HTTP interface:
///
/// ```
/// HubModel ── listing ──▶ Listing ── names chosen ──▶ HubFile (size, hash) ── bytes ──▶ IncomingFile ── verified ──▶
/// the file
///             pins the commit        HEAD for each                          resumed             DownloadRecord remembers
/// ```
///
/// Everything that a hub says is checked before it is used, names above all. All that can be refused is refused before
/// the first byte of weights.
package llams.model.hub;
