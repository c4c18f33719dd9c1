-- CreateTable
CREATE TABLE "server_groups" (
    "id" UUID NOT NULL,
    "project_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "policy" TEXT NOT NULL,
    "max_per_host" INTEGER,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "server_groups_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "server_groups_project_id_created_at_id_idx" ON "server_groups"("project_id", "created_at", "id");

-- AlterTable
ALTER TABLE "servers" ADD COLUMN "group_id" UUID;

-- CreateIndex
CREATE INDEX "servers_group_id_idx" ON "servers"("group_id");

-- AddForeignKey
ALTER TABLE "servers" ADD CONSTRAINT "servers_group_id_fkey" FOREIGN KEY ("group_id") REFERENCES "server_groups"("id") ON DELETE SET NULL ON UPDATE CASCADE;
