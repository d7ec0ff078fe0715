"""The gRPC services. The only place of the gateway that knows generated stubs."""
