/// Models that answer many at once: the threads of a program, and the clients of OpenAI's HTTP interface.
module llams.server {
    requires java.management;
    requires transitive jdk.httpserver;
    requires transitive llams.model;
    requires transitive tools.jackson.databind;

    exports llams.server;
}
