/// What all requests over HTTP share.
///
/// | file | what it does |
/// |---|---|
/// | [HttpCaller] | one request, with a time limit and without redirects |
/// | [BusyException] | a server that asks to come again, and when |
/// | [Proxies] | the environment's proxies |
package llams.model.http;
