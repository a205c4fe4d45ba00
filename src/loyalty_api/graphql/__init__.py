"""The door of phones: GraphQL for members, each of whom sees what is theirs and can name nobody else.

It knows the domain and the kernel, no other door. Everything starts at ``viewer``, who is the member of the token.
"""
