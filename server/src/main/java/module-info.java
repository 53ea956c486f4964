/// Models behind OpenAI's HTTP interface.
module llams.server {
    requires transitive jdk.httpserver;
    requires transitive llams.model;
    requires tools.jackson.databind;

    exports llams.server;
}
