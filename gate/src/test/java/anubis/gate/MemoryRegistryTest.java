package anubis.gate;

class MemoryRegistryTest extends RegistryContract {
    @Override
    Registry open() {
        return new MemoryRegistry();
    }
}
