-- CreateTable
CREATE TABLE "accounts" (
    "project_id" TEXT NOT NULL,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "accounts_pkey" PRIMARY KEY ("project_id")
);

-- CreateTable
CREATE TABLE "containers" (
    "id" UUID NOT NULL,
    "project_id" TEXT NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "read_acl" TEXT NOT NULL DEFAULT '',
    "write_acl" TEXT NOT NULL DEFAULT '',
    "object_count" BIGINT NOT NULL DEFAULT 0,
    "bytes_used" BIGINT NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "containers_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "objects" (
    "container_id" UUID NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "blob_id" UUID NOT NULL,
    "bytes" BIGINT NOT NULL,
    "md5" TEXT NOT NULL,
    "content_type" TEXT NOT NULL,
    "headers" JSONB NOT NULL DEFAULT '{}',
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "delete_at" TIMESTAMPTZ(3),
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "old_blob_id" UUID,
    "old_bytes" BIGINT,

    CONSTRAINT "objects_pkey" PRIMARY KEY ("container_id","name")
);

-- CreateIndex
CREATE UNIQUE INDEX "containers_project_id_name_key" ON "containers"("project_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "objects_blob_id_key" ON "objects"("blob_id");

-- CreateIndex
CREATE INDEX "objects_delete_at_idx" ON "objects"("delete_at");

-- AddForeignKey
ALTER TABLE "containers" ADD CONSTRAINT "containers_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "accounts"("project_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "objects" ADD CONSTRAINT "objects_container_id_fkey" FOREIGN KEY ("container_id") REFERENCES "containers"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
