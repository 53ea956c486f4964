package llams.trainer.distributed;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/// Signs of life between the first worker and each of the others, over connections of their own: a byte every second. The
/// connection of a process that ends is closed by its system at once; one that is cut falls silent. What the first worker
/// notices it tells the others.
final class Presence implements AutoCloseable {
    private static final int ALIVE = 1;
    private static final int DONE = 2;
    private static final int LOST = 3;
    private static final int SECOND_MILLIS = 1000;
    private static final int CONNECT_MILLIS = 2_000;
    private static final int ACCEPT_MILLIS = 60_000;

    /// A worker at the other end of a connection.
    private record Peer(int rank, String host, Socket socket, DataInputStream in, DataOutputStream out) {
        static Peer of(int rank, String host, Socket socket) throws IOException {
            return new Peer(rank, host, socket, new DataInputStream(socket.getInputStream()),
                    new DataOutputStream(socket.getOutputStream()));
        }

        @Override
        public String toString() {
            return "worker " + rank + " on " + host;
        }
    }

    private final Duration silence;
    private final Consumer<String> lost;
    private final List<Peer> peers = new CopyOnWriteArrayList<>();
    private final AtomicBoolean isOver = new AtomicBoolean();

    private Presence(Duration silence, Consumer<String> lost) {
        this.silence = silence;
        this.lost = lost;
    }

    /// Connects all workers with the first one; they find it through `messages`.
    ///
    /// @throws IOException if a worker cannot be reached
    static Presence of(Messages messages, Duration silence, Consumer<String> lost) throws IOException {
        Presence presence = new Presence(silence, lost);
        if (messages.rank() == 0) {
            presence.accept(messages);
        } else {
            presence.connect(messages);
        }
        for (Peer peer : presence.peers) {
            peer.socket.setSoTimeout(SECOND_MILLIS);
            Thread.ofPlatform().daemon().name("listens to " + peer).start(() -> presence.listen(peer));
        }
        Thread.ofPlatform().daemon().name("signs of life").start(presence::speak);
        return presence;
    }

    private void accept(Messages messages) throws IOException {
        long secret = new SecureRandom().nextLong();
        try (ServerSocket server = new ServerSocket(0, messages.size())) {
            server.setSoTimeout(ACCEPT_MILLIS);
            told(messages, secret + " " + server.getLocalPort() + " " + String.join(" ", addresses()));
            while (peers.size() < messages.size() - 1) {
                Socket socket = server.accept();
                socket.setSoTimeout(CONNECT_MILLIS);
                Peer peer = Peer.of(0, "", socket);
                try {
                    if (peer.in.readLong() == secret) {
                        peers.add(Peer.of(peer.in.readInt(), peer.in.readUTF(), socket));
                        peer.out.writeUTF(hostName());
                        continue;
                    }
                } catch (IOException _) {
                    // Someone else's connection.
                }
                socket.close();
            }
        } catch (SocketTimeoutException e) {
            throw new IOException("only " + peers.size() + " of " + (messages.size() - 1)
                    + " other workers have connected with worker 0 on " + hostName()
                    + "; TCP connections between the machines must be allowed", e);
        }
    }

    private void connect(Messages messages) throws IOException {
        String[] told = told(messages, "").split(" ");
        for (int i = 2; i < told.length; i++) {
            Socket socket = new Socket();
            try {
                socket.connect(new InetSocketAddress(told[i], Integer.parseInt(told[1])), CONNECT_MILLIS);
                socket.setSoTimeout(ACCEPT_MILLIS);
                Peer first = Peer.of(0, told[i], socket);
                first.out.writeLong(Long.parseLong(told[0]));
                first.out.writeInt(messages.rank());
                first.out.writeUTF(hostName());
                peers.add(new Peer(0, first.in.readUTF(), socket, first.in, first.out));
                return;
            } catch (IOException _) {
                socket.close();
            }
        }
        throw new IOException("cannot connect with worker 0, port " + told[1] + " of "
                + String.join(", ", List.of(told).subList(2, told.length))
                + "; TCP connections between the machines must be allowed");
    }

    /// The first worker's text, for all.
    private static String told(Messages messages, String first) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, first.length());
            messages.broadcast(length, 0);
            MemorySegment text = arena.allocate(length.get(ValueLayout.JAVA_INT, 0) + 1);
            text.setString(0, first);
            messages.broadcast(text, 0);
            return text.getString(0);
        }
    }

    /// Where this machine may be reached: the loopback last, for workers on the same one.
    private static List<String> addresses() throws IOException {
        List<String> addresses = new ArrayList<>();
        for (NetworkInterface network : NetworkInterface.networkInterfaces().toList()) {
            for (InterfaceAddress address : network.isUp()
                    ? network.getInterfaceAddresses()
                    : List.<InterfaceAddress>of()) {
                if (!address.getAddress().isLoopbackAddress() && !address.getAddress().isLinkLocalAddress()) {
                    addresses.add(address.getAddress().getHostAddress());
                }
            }
        }
        addresses.add(InetAddress.getLoopbackAddress().getHostAddress());
        return addresses;
    }

    static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (IOException _) {
            return "a machine without a name";
        }
    }

    private void listen(Peer peer) {
        try {
            // Counted by the second: a process that was stopped itself, such as a sleeping laptop's, has not listened.
            for (int silent = 0; silent < silence.toSeconds(); silent++) {
                try {
                    int sign = peer.in.readUnsignedByte();
                    if (sign == DONE) {
                        peers.remove(peer);
                        return;
                    }
                    if (sign == LOST) {
                        end(peer.in.readUTF());
                    }
                    silent = -1;
                } catch (SocketTimeoutException _) {
                    // One more second of silence.
                }
            }
            end(peer + " has not been heard of for " + silence.toSeconds() + " s: its machine or the network is down");
        } catch (IOException _) {
            end(peer + " has ended");
        }
    }

    private void end(String reason) {
        if (isOver.compareAndSet(false, true)) {
            for (Peer peer : peers) {
                try {
                    synchronized (peer.out) {
                        peer.out.writeByte(LOST);
                        peer.out.writeUTF(reason);
                    }
                } catch (IOException _) {
                    // That one is gone too.
                }
            }
            lost.accept(reason);
        }
    }

    private void speak() {
        try {
            while (!isOver.get()) {
                say(ALIVE);
                Thread.sleep(SECOND_MILLIS);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void say(int sign) {
        for (Peer peer : peers) {
            try {
                synchronized (peer.out) {
                    peer.out.writeByte(sign);
                }
            } catch (IOException _) {
                // Its listener hears of it.
            }
        }
    }

    /// The work of all is done: from here on others may end.
    @Override
    public void close() {
        isOver.set(true);
        say(DONE);
    }
}
