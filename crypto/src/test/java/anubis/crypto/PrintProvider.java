package anubis.crypto;

/** Prints which provider is chosen, or why none is. Run by {@link ProvidersTest} in a JVM of its own. */
final class PrintProvider {
    private PrintProvider() {}

    public static void main(String[] arguments) {
        try {
            System.out.println("provider: " + Primitives.get().name());
        } catch (IllegalStateException e) {
            System.out.println("error: " + e.getMessage());
        }
    }
}
