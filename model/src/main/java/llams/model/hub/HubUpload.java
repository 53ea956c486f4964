package llams.model.hub;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import llams.model.files.ModelFiles;

/// Uploads a model or an adapter. Large files go to the hub's store one after the other, small ones into the commit
/// that then makes all of them visible together. What the hub has already is not sent again, so an upload that was
/// interrupted continues with the file at which it stopped.
public final class HubUpload {
    /// How to upload.
    ///
    /// @param isPrivate whether a repository that has to be made is visible to its owner only
    /// @param summary   the commit's message
    public record Options(boolean isPrivate, String summary) {
        public static Options standard() {
            return new Options(true, "Upload with LLaMS");
        }
    }

    /// One file, and whether the hub lacks it.
    public record Item(String path, long bytes, String sha256, boolean isNew) {}

    /// What was done, or would be.
    ///
    /// @param page    the model's page, for people
    /// @param commit  that has the files; empty if nothing was done
    /// @param creates whether the repository had to be made
    /// @param items   all files
    /// @param ignored files that the repository's own rules leave out
    public record Report(String page, String commit, boolean creates, List<Item> items, List<String> ignored) {
        public long bytes() {
            return items.stream().mapToLong(Item::bytes).sum();
        }

        public long newBytes() {
            return items.stream().filter(Item::isNew).mapToLong(Item::bytes).sum();
        }
    }

    private final UploadClient hub;
    private final Options options;
    private final TransferListener listener;
    private final List<UploadFile> files;
    private Map<String, UploadClient.Place> places;

    private HubUpload(UploadClient hub, Options options, TransferListener listener, List<UploadFile> files) {
        this.hub = hub;
        this.options = options;
        this.listener = listener;
        this.files = files;
    }

    /// Checks, before long work, what can be checked without the hub.
    ///
    /// @throws IOException if there is no token, or the model's name has no owner
    public static void check(HubModel model, HubToken token) throws IOException {
        if (!model.repo().contains("/")) {
            throw new HubException("\"" + model.repo() + "\": wanted OWNER/NAME, with the account or organization that"
                    + " is to own it");
        }
        if (token == null) {
            throw new HubException(
                    "an upload needs an account that may write to " + model.repo() + ": " + HubRefusal.give(model));
        }
    }

    /// Uploads files to the repository of `model`, which is made if there is none.
    ///
    /// @param files from [UploadFile#in]
    /// @param token of an account that may write there
    /// @throws IOException if the hub refuses, or the network fails for good
    public static Report run(List<UploadFile> files, HubModel model, HubToken token, Options options,
            TransferListener listener) throws IOException {
        return run(files, model, token, options, listener, Retry.Patience.USUAL, false);
    }

    /// What [#run] would do. Changes nothing.
    ///
    /// @param token null to ask no hub: then all files are new
    public static Report plan(List<UploadFile> files, HubModel model, HubToken token, Options options,
            TransferListener listener) throws IOException {
        return token == null
                ? new Report(model.page(), "", false, items(files, files), List.of())
                : run(files, model, token, options, listener, Retry.Patience.USUAL, true);
    }

    static Report run(List<UploadFile> files, HubModel model, HubToken token, Options options,
            TransferListener listener, Retry.Patience patience, boolean dryRun) throws IOException {
        check(model, token);
        try (UploadClient hub = new UploadClient(model, token, patience, listener)) {
            return new HubUpload(hub, options, listener, files).run(dryRun);
        }
    }

    private Report run(boolean dryRun) throws IOException {
        boolean exists = hub.exists();
        if (!exists && dryRun) {
            return report("", true, files);
        }
        for (UploadFile file : files) {
            if (file.path().equals(ModelFiles.CARD)) {
                hub.checkCard(file.content());
            }
        }
        if (!exists) {
            hub.create(options.isPrivate);
        }
        places = hub.places(files);
        List<UploadFile> missing = missing();
        if (dryRun || missing.isEmpty()) {
            return report(dryRun ? "" : hub.head(), !exists, missing);
        }
        send(missing);
        return report(hub.retry.run("the commit", new Commit(missing)), !exists, missing);
    }

    private boolean isWanted(UploadFile file) {
        return !places.get(file.path()).ignored();
    }

    private List<UploadFile> missing() throws IOException {
        List<UploadFile> missing = new ArrayList<>();
        for (UploadFile file : files) {
            UploadClient.Place place = places.get(file.path());
            // A small file is read again only if there is one to compare it with.
            if (isWanted(file) && (place.hash().isEmpty() || !place.hash().equals(file.hash(place.large())))) {
                missing.add(file);
            }
        }
        return missing;
    }

    private void send(List<UploadFile> missing) throws IOException {
        List<UploadFile> large = missing.stream().filter(file -> places.get(file.path()).large()).toList();
        long total = large.stream().mapToLong(UploadFile::bytes).sum();
        long done = 0;
        for (UploadFile file : large) {
            long before = done;
            new LargeFile(hub, file, bytes -> listener.at(before + bytes, total)).send();
            done += file.bytes();
            listener.at(done, total);
        }
    }

    /// Makes the commit. Whether one whose answer was lost has been made, the hub says when it is asked for the files
    /// again: twice the same commit would be two.
    private final class Commit implements Retry.Attempt<String> {
        private final List<UploadFile> missing;
        private boolean isTried;

        Commit(List<UploadFile> missing) {
            this.missing = missing;
        }

        @Override
        public String run() throws IOException {
            if (isTried) {
                places = hub.places(files);
                if (missing().isEmpty()) {
                    return hub.head();
                }
            }
            isTried = true;
            return hub.commit(missing, places, options.summary);
        }
    }

    private Report report(String commit, boolean creates, List<UploadFile> missing) {
        List<UploadFile> wanted = files.stream().filter(file -> places == null || isWanted(file)).toList();
        List<String> ignored = files.stream().filter(file -> !wanted.contains(file)).map(UploadFile::path).toList();
        return new Report(hub.model.page(), commit, creates, items(wanted, missing), ignored);
    }

    private static List<Item> items(List<UploadFile> files, List<UploadFile> missing) {
        return files.stream()
                .map(file -> new Item(file.path(), file.bytes(), file.sha256(), missing.contains(file)))
                .toList();
    }
}
