/// What all requests over HTTP share.
///
/// | file | what it does |
/// |---|---|
/// | [HttpCaller] | one request, with a time limit and without redirects |
/// | [BusyException] | a server that asks for a later attempt, and when |
/// | [Proxies] | the environment's proxies |
package llams.model.http;
