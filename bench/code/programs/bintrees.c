/* bintrees.c: builds and takes down binary trees, for the allocator. */
#include <stdio.h>
#include <stdlib.h>

#define DEPTH 16
#define ROUNDS 80

struct tree {
	struct tree *left, *right;
};

static struct tree *grow(int depth)
{
	struct tree *tree = malloc(sizeof *tree);

	if (!tree)
		abort();
	tree->left = depth ? grow(depth - 1) : NULL;
	tree->right = depth ? grow(depth - 1) : NULL;
	return tree;
}

static int fell(struct tree *tree)
{
	int count;

	if (!tree)
		return 0;
	count = 1 + fell(tree->left) + fell(tree->right);
	free(tree);
	return count;
}

int main(void)
{
	struct tree *lasting = grow(DEPTH);
	long sum = 0;

	for (int round = 0; round < ROUNDS; round++)
		for (int depth = 4; depth <= DEPTH; depth += 4)
			sum += fell(grow(depth));
	sum += fell(lasting);
	printf("bintrees %ld\n", sum);
	return 0;
}
