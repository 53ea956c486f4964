import java.io.IOException;
import java.io.OutputStream;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassElement;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/// Gives a jar's classes the format of Java 17, in place: those of Java 5 have no stack maps, so that Java checks them by
/// a slow method at every start and takes none of them into its class-data archive. What they do stays the same.
///
/// Run as `java NewClassFiles.java FILE.jar`.
final class NewClassFiles {
    private NewClassFiles() {}

    static void main(String[] args) throws IOException {
        Path jar = Path.of(args[0]);
        Path made = jar.resolveSibling(jar.getFileName() + "." + ProcessHandle.current().pid());
        try {
            rewrite(jar, made);
            Files.move(made, jar, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(made);
        }
    }

    private static void rewrite(Path jar, Path made) throws IOException {
        try (URLClassLoader loader = new URLClassLoader(new URL[] {jar.toUri().toURL()});
                ZipFile from = new ZipFile(jar.toFile());
                OutputStream file = Files.newOutputStream(made);
                ZipOutputStream to = new ZipOutputStream(file)) {
            ClassFile format = ClassFile.of(ClassFile.StackMapsOption.GENERATE_STACK_MAPS,
                    ClassFile.ClassHierarchyResolverOption
                            .of(ClassHierarchyResolver.ofResourceParsing(loader)
                                    .orElse(ClassHierarchyResolver.defaultResolver())));
            for (ZipEntry entry : from.stream().toArray(ZipEntry[]::new)) {
                byte[] bytes = from.getInputStream(entry).readAllBytes();
                to.putNextEntry(new ZipEntry(entry.getName()));
                to.write(entry.getName().endsWith(".class") ? renewed(format, bytes) : bytes);
            }
        }
    }

    private static byte[] renewed(ClassFile format, byte[] bytes) {
        ClassModel model = format.parse(bytes);
        return model.majorVersion() >= ClassFile.JAVA_7_VERSION
                ? bytes
                : format.transformClass(model, NewClassFiles::renew);
    }

    private static void renew(ClassBuilder builder, ClassElement element) {
        switch (element) {
            case ClassFileVersion _ -> builder.withVersion(ClassFile.JAVA_17_VERSION, 0);
            // Written anew, and not copied, so that it gets its stack maps.
            case MethodModel method ->
                builder.transformMethod(method, MethodTransform.transformingCode((code, part) -> code.with(part)));
            default -> builder.with(element);
        }
    }
}
